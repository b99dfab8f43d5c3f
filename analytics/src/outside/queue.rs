//! Who may ask now, and who next: so many at once, and turn by turn among those who wait.
//!
//! Turns go by asker, not by question: whoever sends a hundred questions waits for them, and the next one who sends a
//! single question does not.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::error::{Error, Result};

/// The queue; clones share it.
#[derive(Clone)]
pub(super) struct Queue {
    line: Arc<Mutex<Line>>,
    waiting: usize,
    patience: Duration,
}

struct Line {
    /// So many may still begin.
    free: usize,
    /// Those who wait: each asker once, the one whose turn is next in front.
    askers: VecDeque<(String, VecDeque<oneshot::Sender<Turn>>)>,
}

/// The right to run one query; it ends when this is dropped.
pub(super) struct Turn {
    /// Nothing once it was handed on.
    line: Option<Arc<Mutex<Line>>>,
}

impl Queue {
    /// Lets `at_once` run; of the others `waiting` may wait, each for `patience`.
    pub(super) fn new(at_once: usize, waiting: usize, patience: Duration) -> Self {
        let line = Line { free: at_once, askers: VecDeque::new() };
        Self { line: Arc::new(Mutex::new(line)), waiting, patience }
    }

    /// Waits for a turn.
    pub(super) async fn enter(&self, asker: &str) -> Result<Turn> {
        let turn = {
            let mut line = lock(&self.line);
            if line.free > 0 {
                line.free -= 1;
                return Ok(Turn { line: Some(Arc::clone(&self.line)) });
            }
            line.forget();
            if line.askers.iter().map(|(_, turns)| turns.len()).sum::<usize>() >= self.waiting {
                return Err(Error::Busy);
            }
            line.wait(asker)
        };
        match tokio::time::timeout(self.patience, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(Error::Busy),
        }
    }
}

impl Line {
    /// Leaves out those who gave up.
    fn forget(&mut self) {
        for (_, turns) in &mut self.askers {
            turns.retain(|turn| !turn.is_closed());
        }
        self.askers.retain(|(_, turns)| !turns.is_empty());
    }

    fn wait(&mut self, asker: &str) -> oneshot::Receiver<Turn> {
        let (give, take) = oneshot::channel();
        match self.askers.iter_mut().find(|(name, _)| name == asker) {
            Some((_, turns)) => turns.push_back(give),
            None => self.askers.push_back((asker.to_owned(), VecDeque::from([give]))),
        }
        take
    }

    /// Takes the next one who waits: the oldest question of the asker in front, who then goes to the back.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let (asker, mut turns) = self.askers.pop_front()?;
        let next = turns.pop_front();
        if !turns.is_empty() {
            self.askers.push_back((asker, turns));
        }
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(line) = self.line.take() else { return };
        loop {
            // The lock must be free again before a turn is sent: an unwanted one comes back at once.
            let Some(next) = ({ lock(&line).next() }) else { break };
            match next.send(Turn { line: Some(Arc::clone(&line)) }) {
                Ok(()) => return,
                Err(mut unwanted) => unwanted.line = None,
            }
        }
        lock(&line).free += 1;
    }
}

fn lock(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_go_round_by_asker() {
        let queue = Queue::new(1, 10, Duration::from_secs(60));
        let first = queue.enter("greedy").await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for name in ["greedy", "greedy", "greedy", "modest"] {
            let (queue_, order) = (queue.clone(), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let _turn = queue_.enter(name).await.unwrap();
                order.lock().unwrap().push(name);
            }));
            tokio::task::yield_now().await;
        }
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), ["greedy", "modest", "greedy", "greedy"]);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_and_a_left_place_is_free_again() {
        let queue = Queue::new(1, 1, Duration::from_secs(60));
        let first = queue.enter("a").await.unwrap();
        let queue_ = queue.clone();
        let second = tokio::spawn(async move { queue_.enter("b").await.map(drop) });
        tokio::task::yield_now().await;
        assert!(matches!(queue.enter("c").await.map(drop), Err(Error::Busy)));
        second.abort();
        let _ = second.await;
        drop(first);
        assert!(queue.enter("c").await.is_ok());
    }

    #[tokio::test]
    async fn patience_ends() {
        let queue = Queue::new(1, 1, Duration::ZERO);
        let first = queue.enter("a").await.unwrap();
        assert!(matches!(queue.enter("b").await.map(drop), Err(Error::Busy)));
        drop(first);
        assert!(queue.enter("b").await.is_ok());
    }
}
