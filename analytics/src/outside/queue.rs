//! Who may ask now, and who next: so many at once, and turn by turn among those who wait.
//!
//! Turns go by asker, not by question: whoever sends a hundred questions waits for them, and the next one who sends a
//! single question does not. And nobody has more turns at once than they may.

use std::collections::{HashMap, VecDeque};
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
    /// How many run, by asker.
    running: HashMap<String, usize>,
    /// Those who wait: each asker once, the one whose turn is next in front.
    askers: VecDeque<Waiting>,
}

/// An asker who waits.
struct Waiting {
    name: String,
    /// Turns that they may have at once.
    most: usize,
    turns: VecDeque<oneshot::Sender<Turn>>,
}

/// The right to run one query; it ends when this is dropped.
pub(super) struct Turn {
    /// Nothing once it was handed on.
    line: Option<Arc<Mutex<Line>>>,
    asker: String,
}

impl Queue {
    /// Lets `at_once` run; of the others `waiting` may wait, each for `patience`.
    pub(super) fn new(at_once: usize, waiting: usize, patience: Duration) -> Self {
        let line = Line { free: at_once, running: HashMap::new(), askers: VecDeque::new() };
        Self { line: Arc::new(Mutex::new(line)), waiting, patience }
    }

    /// Waits for a turn, of which this asker may have `most` at once.
    pub(super) async fn enter(&self, asker: &str, most: usize) -> Result<Turn> {
        let turn = {
            let mut line = lock(&self.line);
            if line.begins(asker, most) {
                return Ok(Turn { line: Some(Arc::clone(&self.line)), asker: asker.to_owned() });
            }
            line.forget();
            if line.askers.iter().map(|waiting| waiting.turns.len()).sum::<usize>() >= self.waiting {
                return Err(Error::Busy);
            }
            line.wait(asker, most)
        };
        match tokio::time::timeout(self.patience, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(Error::Busy),
        }
    }
}

impl Line {
    /// Takes a free turn, if there is one for this asker.
    fn begins(&mut self, asker: &str, most: usize) -> bool {
        let own = self.running.get(asker).copied().unwrap_or(0);
        let is_free = self.free > 0 && own < most;
        if is_free {
            self.free -= 1;
            self.running.insert(asker.to_owned(), own + 1);
        }
        is_free
    }

    /// Takes a turn back.
    fn ends(&mut self, asker: &str) {
        self.free += 1;
        if let Some(own) = self.running.get_mut(asker) {
            *own -= 1;
        }
        self.running.retain(|_, own| *own > 0);
    }

    /// Leaves out those who gave up.
    fn forget(&mut self) {
        for waiting in &mut self.askers {
            waiting.turns.retain(|turn| !turn.is_closed());
        }
        self.askers.retain(|waiting| !waiting.turns.is_empty());
    }

    fn wait(&mut self, asker: &str, most: usize) -> oneshot::Receiver<Turn> {
        let (give, take) = oneshot::channel();
        match self.askers.iter_mut().find(|waiting| waiting.name == asker) {
            Some(waiting) => waiting.turns.push_back(give),
            None => self.askers.push_back(Waiting { name: asker.to_owned(), most, turns: VecDeque::from([give]) }),
        }
        take
    }

    /// Takes the next one who waits and may begin: the oldest question of the first such asker, who then goes to the back.
    fn next(&mut self) -> Option<(String, oneshot::Sender<Turn>)> {
        let may = |w: &Waiting| self.running.get(&w.name).copied().unwrap_or(0) < w.most;
        let place = self.askers.iter().position(may)?;
        let mut waiting = self.askers.remove(place)?;
        let next = waiting.turns.pop_front().map(|turn| (waiting.name.clone(), turn));
        if !waiting.turns.is_empty() {
            self.askers.push_back(waiting);
        }
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(line) = self.line.take() else { return };
        lock(&line).ends(&self.asker);
        loop {
            // The lock must be free again before a turn is sent: an unwanted one comes back at once.
            let next = {
                let mut line = lock(&line);
                let Some((asker, next)) = (line.free > 0).then(|| line.next()).flatten() else { return };
                line.begins(&asker, usize::MAX);
                (asker, next)
            };
            let (asker, next) = next;
            let Err(mut unwanted) = next.send(Turn { line: Some(Arc::clone(&line)), asker }) else { return };
            unwanted.line = None;
            lock(&line).ends(&unwanted.asker);
        }
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
        let first = queue.enter("greedy", 9).await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for name in ["greedy", "greedy", "greedy", "modest"] {
            let (queue_, order) = (queue.clone(), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let _turn = queue_.enter(name, 9).await.unwrap();
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
        let first = queue.enter("a", 9).await.unwrap();
        let queue_ = queue.clone();
        let second = tokio::spawn(async move { queue_.enter("b", 9).await.map(drop) });
        tokio::task::yield_now().await;
        assert!(matches!(queue.enter("c", 9).await.map(drop), Err(Error::Busy)));
        second.abort();
        let _ = second.await;
        drop(first);
        assert!(queue.enter("c", 9).await.is_ok());
    }

    #[tokio::test]
    async fn patience_ends() {
        let queue = Queue::new(1, 1, Duration::ZERO);
        let first = queue.enter("a", 9).await.unwrap();
        assert!(matches!(queue.enter("b", 9).await.map(drop), Err(Error::Busy)));
        drop(first);
        assert!(queue.enter("b", 9).await.is_ok());
    }

    #[tokio::test]
    async fn nobody_has_more_turns_than_they_may() {
        let queue = Queue::new(3, 10, Duration::from_secs(60));
        let first = queue.enter("bounded", 1).await.unwrap();
        let queue_ = queue.clone();
        let second = tokio::spawn(async move { queue_.enter("bounded", 1).await });
        tokio::task::yield_now().await;
        let others = [queue.enter("other", 9).await.unwrap(), queue.enter("other", 9).await.unwrap()];
        assert!(!second.is_finished(), "its own bound holds it back");
        drop(others);
        tokio::task::yield_now().await;
        assert!(!second.is_finished(), "whatever else is free");
        drop(first);
        let second = second.await.unwrap().unwrap();
        assert!(lock(&queue.line).running.contains_key("bounded"));
        drop(second);
        assert!(lock(&queue.line).running.is_empty() && lock(&queue.line).free == 3);
    }
}
