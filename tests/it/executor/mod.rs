//! Carrying out approved calls, against targets that listen.

mod bodies;
mod credentials;
mod fairness;
mod late_answers;
mod leases;
mod outcomes;
mod own_listener;
mod repeats;
mod retries;
mod runner;
mod tampering;
