//! Who calls, and what is wished for, in words that synthetic voices say so that they are understood.

use crate::wish::Told;

pub const SUSAN: Told = Told::as_is("Susan Parker");
pub const PETER: Told = Told::as_is("Peter Miller");
pub const MARY: Told = Told::as_is("Mary Johnson");

pub const CLEANING: Told = Told::as_is("a cleaning");
pub const OIL_CHANGE: Told = Told::as_is("an oil change");
pub const TYRE_CHANGE: Told = Told::as_is("a tyre change");
