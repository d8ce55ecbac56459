//! stub
use super::{DeskError, data::Desk};
use crate::domain::ClientId;
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Action {
    ClientRemove,
    ConnectionRemove,
    ExternalIdReveal,
    SlotAdd,
    SlotRemove,
    PassphraseRotate,
    RootRotate,
    ClientRotate,
    AllRotate,
    Repair,
    Compact,
}
impl Desk {
    #[allow(missing_docs)]
    pub fn permit(&self, _action: Action, _client: Option<&ClientId>, _detail: &str) -> Result<(), DeskError> {
        Ok(())
    }
}
