//! How loud a stretch of samples is.

/// The level reported for digital silence, in dBFS: below the last bit of `i16`.
pub const LEVEL_FLOOR_DBFS: f32 = -100.0;

/// Root-mean-square level in dBFS (0 = a square wave at full scale); [`LEVEL_FLOOR_DBFS`] for silence or no samples.
pub fn level_dbfs(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return LEVEL_FLOOR_DBFS;
    }
    let energy: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    let rms = (energy / samples.len() as f64).sqrt() / 32_768.0;
    if rms <= 0.0 { LEVEL_FLOOR_DBFS } else { (20.0 * rms.log10()).max(f64::from(LEVEL_FLOOR_DBFS)) as f32 }
}
