//! Maximum bipartite matching: who signs for which seat, so that as many seats as possible are filled.

/// Pairs the left side with the right side one by one; what is paired stays paired, perhaps with another
/// partner.
pub struct Matching {
    /// Per right one, its left one.
    pub partner: Vec<Option<usize>>,
    /// Per left one, the right ones that fit.
    fits: Vec<Vec<usize>>,
}

impl Matching {
    /// Without any pair.
    pub fn new(right: usize) -> Self {
        Self { partner: vec![None; right], fits: Vec::new() }
    }

    /// Adds a left one; pairs it if all the others can stay paired.
    pub fn add(&mut self, fits: Vec<usize>) -> bool {
        self.fits.push(fits);
        let mut tried = vec![false; self.partner.len()];
        self.pair(self.fits.len() - 1, &mut tried)
    }

    /// Whether one more left one with this only fit would be paired.
    pub fn has_room_at(&self, right: usize) -> bool {
        let mut tried = vec![false; self.partner.len()];
        let mut open = vec![right];
        while let Some(right) = open.pop() {
            if std::mem::replace(&mut tried[right], true) {
                continue;
            }
            match self.partner[right] {
                None => return true,
                Some(left) => open.extend(&self.fits[left]),
            }
        }
        false
    }

    /// Number of pairs.
    pub fn size(&self) -> usize {
        self.partner.iter().flatten().count()
    }

    // As deep as there are seats in a stage, which reading bounds.
    fn pair(&mut self, left: usize, tried: &mut [bool]) -> bool {
        for right in self.fits[left].clone() {
            if std::mem::replace(&mut tried[right], true) {
                continue;
            }
            if self.partner[right].is_none_or(|other| self.pair(other, tried)) {
                self.partner[right] = Some(left);
                return true;
            }
        }
        false
    }
}
