//! The acceptance plan: ten calls, each judged on the calendar, the contacts and the outbox.
//!
//! 01 a new caller says everything, 02 another keeps the name back, 03 a customer is known by the number, 04 by the
//! e-mail address, 05 books, 06 moves, 07 cancels, 08 a caller wants a person, 09 one speaks Spanish, 10 the CRM is down.

mod a_caller_who_asks_for_a_person;
mod a_caller_who_keeps_the_name_back;
mod a_customer_books_moves_and_cancels;
mod a_lead_outlives_the_crm;
mod a_spanish_caller_books;
