//! `#[durable_execution]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Error, ItemFn, Result};

use crate::signature::{check, is_named, output, parameters};

const ATTRIBUTE: &str = "durable_execution";

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(Error::new_spanned(
            arguments,
            "#[durable_execution] takes no arguments",
        ));
    }
    let function: ItemFn = syn::parse2(item)?;
    let parameters = parameters(&function, ATTRIBUTE)?;
    let [event, context] = parameters.as_slice() else {
        return Err(Error::new(
            function.sig.ident.span(),
            "a durable handler takes two arguments: the event and a `DurableContext`",
        ));
    };
    if !is_named(&context.ty, "DurableContext") {
        return Err(Error::new(
            context.ty.span(),
            "the second argument of a durable handler is a `DurableContext`; the event comes first",
        ));
    }
    if !function.sig.generics.params.is_empty() {
        return Err(Error::new(
            function.sig.generics.span(),
            "a durable handler has no generic parameters: its event is read from JSON, so its type must be known",
        ));
    }
    let output = output(&function, ATTRIBUTE)?;

    // Bounds that `lambdura::run` has as well, checked here so that the error points at the type.
    let event = check("is_deserializable", &event.ty);
    let value = check("is_serializable", output.value);
    let error = output.error.map(|error| check("is_error", error));
    Ok(quote! {
        #function

        const _: fn() = || {
            #event;
            #value;
            #error
        };
    })
}
