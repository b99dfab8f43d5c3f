//! The logarithm of the gamma function, of which binomial, beta and hypergeometric probabilities are made.

/// Returns ln Γ(x) of a positive x: Stirling's series, for small x by Γ(x + 1) = x Γ(x). Correct to about 1e-12.
pub(crate) fn ln_gamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 10.0 {
        shift += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::ln_gamma;

    #[test]
    fn known_values() {
        let factorial = |n: u32| (1..=n).map(|k| f64::from(k).ln()).sum::<f64>();
        for n in [0, 1, 2, 5, 9, 10, 40, 170] {
            assert!((ln_gamma(f64::from(n) + 1.0) - factorial(n)).abs() < 1e-10, "{n}!");
        }
        assert!((ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-11);
        assert!((ln_gamma(0.3) - 1.095_797_994_818_079).abs() < 1e-10);
    }
}
