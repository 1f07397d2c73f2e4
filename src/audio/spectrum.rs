//! Two questions about a stretch of samples that energy cannot answer: is it a pure tone, has it a pitch.

/// Whether one or two sines hold nearly all of a frame's energy: keys, dial tones, hum, never a voice.
///
/// A sum of two sines obeys a fourth-order recursion that is symmetric: `x[n] + x[n-4] = a(x[n-1] + x[n-3]) + b x[n-2]`.
/// The best `a` and `b` leave next to no residue for tones, and much for anything with more partials or noise.
pub(super) fn is_tone(frame: &[i16]) -> bool {
    let (mut pp, mut pq, mut qq, mut py, mut qy, mut yy) = (0.0_f64, 0.0_f64, 0.0_f64, 0.0_f64, 0.0_f64, 0.0_f64);
    for w in frame.windows(5) {
        let [x0, x1, x2, x3, x4] = [w[0], w[1], w[2], w[3], w[4]].map(f64::from);
        let (y, p, q) = (x0 + x4, x1 + x3, x2);
        pp += p * p;
        pq += p * q;
        qq += q * q;
        py += p * y;
        qy += q * y;
        yy += y * y;
    }
    if qq <= 0.0 {
        return false;
    }
    let determinant = pp * qq - pq * pq;
    let residue = if determinant > 1e-6 * pp * qq {
        let (a, b) = ((py * qq - qy * pq) / determinant, (qy * pp - py * pq) / determinant);
        yy - a * py - b * qy
    } else {
        // One sine: the two sums are multiples of each other and the middle sample alone predicts.
        yy - qy * qy / qq
    };
    let energy: f64 = frame.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    residue.max(0.0) < TONE_RESIDUE * energy
}

/// How well the last 30 ms repeat at the pitch of a human voice, 0..=1.
///
/// Taken on the difference signal, which whitens rumble: low noise repeats well at every short lag.
pub(super) fn pitch_strength(samples: &[i16]) -> f32 {
    let Some(first) = samples.len().checked_sub(PITCH_WINDOW + PITCH_LAG_MAX + 1) else { return 0.0 };
    let mut differences = [0.0_f32; PITCH_WINDOW + PITCH_LAG_MAX];
    for (difference, pair) in differences.iter_mut().zip(samples[first..].windows(2)) {
        *difference = f32::from(pair[1]) - f32::from(pair[0]);
    }
    let recent = &differences[PITCH_LAG_MAX..];
    let energy: f32 = recent.iter().map(|x| x * x).sum();
    let strength = |lag: usize| {
        let earlier = &differences[PITCH_LAG_MAX - lag..][..PITCH_WINDOW];
        let (mut cross, mut other) = (0.0_f32, 0.0_f32);
        for (a, b) in recent.iter().zip(earlier) {
            cross += a * b;
            other += b * b;
        }
        cross / (energy * other + 1.0).sqrt()
    };
    (PITCH_LAG_MIN..=PITCH_LAG_MAX).map(strength).fold(0.0, f32::max)
}

/// Share of energy the two-sine model may leave over.
const TONE_RESIDUE: f64 = 0.02;
/// 30 ms at 8 kHz.
const PITCH_WINDOW: usize = 240;
/// 400 Hz down to 73 Hz: above hum at 50 and 60 Hz.
const PITCH_LAG_MIN: usize = 20;
const PITCH_LAG_MAX: usize = 110;
