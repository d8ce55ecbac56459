//! backup_damage
