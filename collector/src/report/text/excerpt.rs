//! Text of any length as head and tail.

use super::clean;

/// Collects text of any length in bounded memory: the head and the tail, with a mark for the gap.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Excerpt {
    head: String,
    tail: String,
    /// Bytes that fell out between head and tail.
    dropped: usize,
}

impl Excerpt {
    /// Adds `text`, keeping at most about `bound` bytes in all.
    pub(in super::super) fn push(&mut self, text: &str, bound: usize) {
        let half = bound / 2;
        let mut rest = text;
        if self.tail.is_empty() && self.head.len() < half {
            let (head, tail) = rest.split_at(rest.floor_char_boundary(half - self.head.len()));
            self.head.push_str(head);
            rest = tail;
        }
        // A piece far beyond the bound never has to be copied whole.
        let skip = rest.ceil_char_boundary(rest.len().saturating_sub(half));
        if skip > 0 {
            self.dropped += self.tail.len() + skip;
            self.tail.clear();
        }
        self.tail.push_str(&rest[skip..]);
        if self.tail.len() > 2 * half {
            self.cut_tail(half);
        }
    }

    /// Adds `text` as a paragraph of its own, unless it is empty.
    pub(in super::super) fn push_paragraph(&mut self, text: &str, bound: usize) {
        if !text.is_empty() {
            if !self.is_blank() {
                self.push("\n\n", bound);
            }
            self.push(text, bound);
        }
    }

    /// Returns the beginning of the text, as it came in.
    pub(in super::super) fn head(&self) -> &str {
        &self.head
    }

    /// Returns whether nothing but white space was added.
    pub(in super::super) fn is_blank(&self) -> bool {
        self.head.trim().is_empty() && self.tail.trim().is_empty()
    }

    /// Returns the text within `bound`, cleaned, without blank lines at its ends.
    pub(in super::super) fn finish(mut self, bound: usize) -> String {
        if self.tail.len() > bound / 2 {
            self.cut_tail(bound / 2);
        }
        let joined = match self.dropped {
            0 => std::mem::take(&mut self.head) + &self.tail,
            n => format!("{}\n[… {n} bytes left out …]\n{}", self.head, self.tail),
        };
        let text = trim_blank_lines(&clean(&joined)).to_owned();
        if text.len() <= joined.len() || text.len() <= bound {
            return text;
        }
        // A control character takes three bytes as U+FFFD.
        let (head, tail) = (text.floor_char_boundary(bound / 2), text.ceil_char_boundary(text.len() - bound / 2));
        let dropped = self.dropped + tail - head;
        format!("{}\n[… {dropped} bytes left out …]\n{}", &text[..head], &text[tail..])
    }

    fn cut_tail(&mut self, length: usize) {
        let cut = self.tail.ceil_char_boundary(self.tail.len() - length);
        self.tail.drain(..cut);
        self.dropped += cut;
    }
}

/// Returns `text` without blank lines at its beginning and without white space at its end; indentation stays.
pub(in super::super) fn trim_blank_lines(text: &str) -> &str {
    let text = text.trim_end();
    let indent = text.len() - text.trim_start().len();
    let start = text[..indent].rfind('\n').map_or(0, |at| at + 1);
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_keeps_head_and_tail_and_marks_the_gap() {
        let mut excerpt = Excerpt::default();
        for number in 0..1000 {
            excerpt.push(&format!("line {number} é\n"), 100);
        }
        let text = excerpt.finish(100);
        assert!(text.starts_with("line 0 é\n") && text.ends_with("line 999 é"), "{text}");
        assert!(text.contains(" bytes left out …]") && text.len() < 150, "{text}");
        let mut whole = Excerpt::default();
        whole.push(&"é".repeat(10_000), 101);
        assert!(whole.finish(101).len() < 150);
    }

    #[test]
    fn control_characters_do_not_outgrow_the_bound() {
        let mut excerpt = Excerpt::default();
        excerpt.push(&"\u{1}".repeat(990), 1000);
        let text = excerpt.finish(1000);
        assert!(text.len() < 1050 && text.contains("[… 1974 bytes left out …]"), "{}: {text}", text.len());
    }
}
