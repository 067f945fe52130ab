//! What was allowed and denied, in the order in which it was said, as far as an order can be known from outside.

/// Milliseconds of the world's time.
pub type Moment = u64;

/// A word and the time between its beginning and its acknowledgement.
struct Said {
    allows: bool,
    begun: Moment,
    done: Option<Moment>,
}

/// Everything that was said about one matter.
pub struct Words(Vec<Said>);

impl Words {
    /// What holds before anybody says anything.
    pub fn beginning_with(allows: bool) -> Self {
        Self(vec![Said { allows, begun: 0, done: Some(0) }])
    }

    /// Somebody begins to allow or to deny; it may count from now on.
    pub fn begin(&mut self, allows: bool, now: Moment) -> usize {
        self.0.push(Said { allows, begun: now, done: None });
        self.0.len() - 1
    }

    /// It was acknowledged; it counts from now on. What is never acknowledged may or may not count.
    pub fn done(&mut self, said: usize, now: Moment) {
        if let Some(said) = self.0.get_mut(said) {
            said.done = Some(now);
        }
    }

    /// Whoever wrote it down has forgotten what was said after this moment. What was acknowledged after it may or may not count.
    pub fn forget_after(&mut self, moment: Moment) {
        self.0.retain(|said| said.begun <= moment);
        for said in &mut self.0 {
            said.done = said.done.filter(|done| *done <= moment);
        }
    }

    /// It was refused; it never counted.
    pub fn void(&mut self, said: usize) {
        if let Some(said) = self.0.get_mut(said) {
            // A word that allows nothing and was never acknowledged does not count.
            (said.allows, said.done) = (false, None);
        }
    }

    /// Whether it is denied for sure: a denial was acknowledged before now, and nothing that allows can have come after it.
    pub fn is_denied(&self, now: Moment) -> bool {
        let denials = self.0.iter().filter(|said| !said.allows && said.done.is_some_and(|done| done < now || done == 0));
        let mut denials = denials.map(|denial| denial.begun);
        denials.any(|denied| !self.0.iter().any(|said| said.allows && said.done.is_none_or(|done| done >= denied)))
    }
}
