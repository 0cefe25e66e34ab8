//! What belongs in a prompt: episodes, documents, facts and patterns under one score, packed into a budget of tokens.

mod invalid;
mod kind;
mod pack;
mod read;
mod refusal;
mod request;
mod run;
mod sql;
mod statement;
mod tokens;
