//! The statements of the writer, prepared once for the life of its connection: looking one up by its
//! text would cost about as much as running it.

use rusqlite::{Connection, Statement};

macro_rules! statements {
    ($($name:ident),+ $(,)?) => {
        /// Every statement that writes, and the look-ups that writing needs.
        pub(crate) struct Statements<'c> {
            $(pub(super) $name: Statement<'c>,)+
        }

        impl<'c> Statements<'c> {
            /// Prepares them all.
            pub fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
                Ok(Self {
                    $($name: connection.prepare(include_str!(
                        concat!("../sql/write/", stringify!($name), ".sql")
                    ))?,)+
                })
            }
        }
    };
}

statements![
    delete_access_key,
    delete_alias,
    delete_events,
    delete_function_aliases,
    delete_function_settings,
    delete_function_version,
    delete_function_versions,
    delete_operations,
    delete_outcome,
    delete_schedule_mark,
    delete_spec,
    delete_stack,
    delete_state,
    dequeue,
    enqueue,
    find_key,
    find_name_owner,
    insert_access_key,
    insert_audit_record,
    insert_dead_letter,
    insert_event,
    insert_function_version,
    insert_outcome,
    insert_spec,
    insert_state,
    postpone,
    raise_stacks_revision,
    replace_alias,
    replace_function_settings,
    replace_function_version,
    replace_schedule_mark,
    replace_stack,
    set_aside,
    take_back,
    trim_audit_records,
    trim_dead_letters,
    update_access_key,
    update_schedule,
    update_state,
    upsert_operation,
];
