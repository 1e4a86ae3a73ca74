//! Carrying out approved calls, against targets that listen.

mod leases;
mod outcomes;
mod runner;
mod tampering;
