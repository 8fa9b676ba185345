//! `#[durable_execution]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, ItemFn, Result};

use crate::signature::{is_named, output, parameters};

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
    let event = &event.ty;
    let event_bound =
        quote_spanned! {event.span()=> ::lambdura::__private::assert_event::<#event>() };
    let output_bound =
        quote_spanned! {output.span()=> ::lambdura::__private::assert_output::<#output>() };
    Ok(quote! {
        #function

        const _: fn() = || {
            #event_bound;
            #output_bound;
        };
    })
}
