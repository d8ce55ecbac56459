//! Whatever works behind the screen lets the screen go first: a sync must not be felt at the keys.

/// Makes way for the screen: with a lower priority, and by leaving one processor to it where there are several. Priority
/// alone is not enough: the kernel's own thread that brings a key to us has none against ours, and two of ours that wake
/// each other all the time kept it waiting for up to 0.2 s. On Linux this is about the calling thread and those that it
/// starts from then on; elsewhere it would be about the whole process, so it is left alone.
/// A program that a profile names as `credential_process` is started by the SDK and has the same.
pub fn give_way() {
    #[cfg(target_os = "linux")]
    {
        if let Err(error) = rustix::process::nice(10) {
            tracing::debug!(%error, "the worker keeps its priority");
        }
        if let Err(error) = spare_a_processor() {
            tracing::debug!(%error, "the worker uses all processors");
        }
    }
}

#[cfg(target_os = "linux")]
fn spare_a_processor() -> rustix::io::Result<()> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let mut processors = sched_getaffinity(None)?;
    let first = (0..CpuSet::MAX_CPU).find(|number| processors.is_set(*number));
    match first {
        Some(first) if processors.count() > 1 => {
            processors.unset(first);
            sched_setaffinity(None, &processors)
        }
        _ => Ok(()),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::thread::{CpuSet, sched_getaffinity};
    use std::thread;

    fn processors() -> CpuSet {
        sched_getaffinity(None).unwrap()
    }

    #[test]
    fn one_processor_is_left_to_the_screen_by_the_worker_and_all_that_it_starts() {
        let before = processors();
        let (worker, started) = thread::spawn(|| {
            give_way();
            (processors(), thread::spawn(processors).join().unwrap())
        })
        .join()
        .unwrap();
        assert_eq!(worker.count(), (before.count() - 1).max(1));
        assert!((0..CpuSet::MAX_CPU).all(|number| before.is_set(number) || !worker.is_set(number)));
        assert_eq!(started, worker);
        assert_eq!(processors(), before, "the screen may use all of them");
    }
}
