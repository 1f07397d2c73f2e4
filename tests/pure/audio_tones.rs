//! The sounds we make have the pitch and level they should.

use offhook::audio::tones::{self, ComfortNoise};
use offhook::audio::{LEVEL_FLOOR_DBFS, level_dbfs};

fn power(samples: &[i16], frequency: f64) -> f64 {
    let omega = std::f64::consts::TAU * frequency / 8_000.0;
    let (mut s, mut c) = (0.0, 0.0);
    for (n, &x) in samples.iter().enumerate() {
        s += f64::from(x) * (omega * n as f64).sin();
        c += f64::from(x) * (omega * n as f64).cos();
    }
    s.hypot(c) / samples.len() as f64
}

#[test]
fn each_key_has_its_two_frequencies() {
    let rows = [(697.0, "123A"), (770.0, "456B"), (852.0, "789C"), (941.0, "*0#D")];
    let columns = [(1_209.0, "147*"), (1_336.0, "2580"), (1_477.0, "369#"), (1_633.0, "ABCD")];
    for key in "0123456789*#ABCD".chars() {
        let mut out = Vec::new();
        assert!(tones::dtmf(key, 100, -13.0, &mut out));
        assert_eq!(out.len(), 800);
        for (frequency, keys) in rows.iter().chain(&columns) {
            let heard = power(&out, *frequency) > 1_500.0;
            assert_eq!(heard, keys.contains(key), "{key} at {frequency} Hz");
        }
    }
    assert!(!tones::dtmf('x', 100, -13.0, &mut Vec::new()));
}

#[test]
fn comfort_noise_has_its_level() {
    for wanted in [-60.0, -40.0, -30.0] {
        let mut out = Vec::new();
        ComfortNoise::new(7, wanted).append(16_000, &mut out);
        let level = level_dbfs(&out);
        assert!((level - wanted).abs() < 1.0, "{level} instead of {wanted}");
    }
}

#[test]
fn levels_are_in_dbfs() {
    assert_eq!(level_dbfs(&[]), LEVEL_FLOOR_DBFS);
    assert_eq!(level_dbfs(&[0; 160]), LEVEL_FLOOR_DBFS);
    assert!((level_dbfs(&[i16::MIN; 160])).abs() < 0.01);
    let mut out = Vec::new();
    tones::tone(&[1_000.0], 500, -20.0, &mut out);
    assert!((level_dbfs(&out) + 20.0).abs() < 0.2);
    tones::silence(5, &mut out);
    assert_eq!(out[4_000..], [0; 5]);
}
