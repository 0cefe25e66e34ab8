//! What stands around a row: in a conversation the answer beside the question, in a document the chunk before or after.

/// A score for each row from the better of the rows beside it; `beside` names pairs of rows that stand side by side.
pub fn surroundings(own: &[f64], beside: &[(usize, usize)]) -> Vec<f64> {
    let mut best = vec![0f64; own.len()];
    // bounded: two for each row that lends, of which there are at most 200.
    for (a, b) in beside {
        best[*a] = best[*a].max(own[*b]);
        best[*b] = best[*b].max(own[*a]);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_neighbour_counts() {
        let own = [0.9, 0.1, 0.4, 0.0];
        assert_eq!(surroundings(&own, &[(0, 1), (1, 2), (2, 3), (1, 0)]), [0.1, 0.9, 0.1, 0.4]);
        assert_eq!(surroundings(&own, &[]), [0.0; 4]);
        assert_eq!(surroundings(&[], &[]), [0f64; 0]);
    }
}
