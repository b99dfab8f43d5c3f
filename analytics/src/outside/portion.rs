//! The memory of one query: a bound of its own within that of all.
//!
//! Both are fair among the operators that can spill, so one that is refused spills and goes on.

use std::fmt;
use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};

/// A pool within a pool.
#[derive(Debug)]
pub(super) struct Portion {
    own: FairSpillPool,
    all: Arc<dyn MemoryPool>,
}

impl Portion {
    /// Returns at most `bytes` of `all`.
    pub(super) fn of(all: &Arc<dyn MemoryPool>, bytes: usize) -> Self {
        Self { own: FairSpillPool::new(bytes), all: Arc::clone(all) }
    }
}

impl fmt::Display for Portion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "portion of {}", self.all)
    }
}

impl MemoryPool for Portion {
    fn name(&self) -> &str {
        "portion"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.own.register(consumer);
        self.all.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.own.unregister(consumer);
        self.all.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.own.grow(reservation, additional);
        self.all.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.own.shrink(reservation, shrink);
        self.all.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.own.try_grow(reservation, additional)?;
        self.all.try_grow(reservation, additional).inspect_err(|_| self.own.shrink(reservation, additional))
    }

    fn reserved(&self) -> usize {
        self.own.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.own.memory_limit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portion_is_bounded_by_itself_and_by_the_whole() {
        let all: Arc<dyn MemoryPool> = Arc::new(FairSpillPool::new(100));
        let portion = || -> Arc<dyn MemoryPool> { Arc::new(Portion::of(&all, 60)) };
        let (one, other) = (portion(), portion());
        let first = MemoryConsumer::new("first").register(&one);
        first.try_grow(50).unwrap();
        assert!(first.try_grow(11).is_err(), "its own bound");
        let second = MemoryConsumer::new("second").register(&other);
        assert!(second.try_grow(55).is_err(), "the bound of all");
        second.try_grow(45).unwrap();
        assert_eq!((one.reserved(), other.reserved(), all.reserved()), (50, 45, 95));
        drop((first, second));
        assert_eq!((one.reserved(), other.reserved(), all.reserved()), (0, 0, 0));
    }
}
