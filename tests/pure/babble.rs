//! A voice without words: what a telephone makes of vowels.

use crate::line::Chance;

/// A resonance of a vocal tract: two-pole filter.
struct Formant {
    a: f64,
    b: f64,
    past: [f64; 2],
}

impl Formant {
    fn new(frequency: f64, width: f64) -> Self {
        let radius = (-std::f64::consts::PI * width / 8_000.0).exp();
        let a = 2.0 * radius * (std::f64::consts::TAU * frequency / 8_000.0).cos();
        Self { a, b: -radius * radius, past: [0.0; 2] }
    }

    fn pass(&mut self, x: f64) -> f64 {
        let y = (1.0 - self.a - self.b) * x + self.a * self.past[0] + self.b * self.past[1];
        self.past = [y, self.past[0]];
        y
    }
}

/// Four syllables of vowels a second with a gliding pitch, through three formants, peaking near `peak`.
pub fn babble(seconds: usize, peak: f64) -> Vec<i16> {
    const VOWELS: [[f64; 3]; 4] =
        [[730.0, 1_090.0, 2_440.0], [270.0, 2_290.0, 3_010.0], [570.0, 840.0, 2_410.0], [530.0, 1_840.0, 2_480.0]];
    let mut out: Vec<f64> = Vec::new();
    let mut chance = Chance::new(5);
    let mut phase = 0.0;
    for syllable in 0..seconds * 4 {
        let mut tract = VOWELS[syllable * 7 % 4].map(|f| Formant::new(f, 60.0 + f * 0.03));
        for n in 0..2_000 {
            let time = n as f64 / 2_000.0;
            phase += (140.0 - 40.0 * time + 6.0 * chance.unit()) / 8_000.0;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase -= phase.floor();
            let envelope = (std::f64::consts::PI * time / 0.8).sin().max(0.0);
            let source = (pulse + (chance.unit() - 0.5) * 0.01) * envelope;
            out.push(tract.iter_mut().fold(source, |x, formant| formant.pass(x)));
        }
    }
    let loudest = out.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    out.iter().map(|x| (x / loudest * peak) as i16).collect()
}
