//! Checks of a function's signature that both macros make.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::spanned::Spanned;
use syn::{
    Error, FnArg, GenericArgument, Ident, ItemFn, PatType, PathArguments, Result, ReturnType, Type,
};

/// The parameters of an `async fn` without a receiver.
pub(crate) fn parameters<'a>(function: &'a ItemFn, attribute: &str) -> Result<Vec<&'a PatType>> {
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        return Err(Error::new(
            signature.fn_token.span,
            format!("#[{attribute}] functions are `async fn`"),
        ));
    }
    signature
        .inputs
        .iter()
        .map(|input| match input {
            FnArg::Typed(parameter) => Ok(parameter),
            FnArg::Receiver(receiver) => Err(Error::new(
                receiver.span(),
                format!("#[{attribute}] functions are free functions, without `self`"),
            )),
        })
        .collect()
}

/// The types of a `Result<T, E>` return type.
pub(crate) struct Output<'a> {
    pub(crate) value: &'a Type,
    /// `None` for aliases of `Result` that do not show it.
    pub(crate) error: Option<&'a Type>,
}

/// The types of the function's return type.
pub(crate) fn output<'a>(function: &'a ItemFn, attribute: &str) -> Result<Output<'a>> {
    let explain = |span| {
        Error::new(
            span,
            format!("#[{attribute}] functions return `Result<T, E>`"),
        )
    };
    let ReturnType::Type(_, r#type) = &function.sig.output else {
        return Err(explain(function.sig.ident.span()));
    };
    let Type::Path(path) = r#type.as_ref() else {
        return Err(explain(r#type.span()));
    };
    let Some(last) = path.path.segments.last() else {
        return Err(explain(r#type.span()));
    };
    if !last.ident.to_string().ends_with("Result") {
        return Err(explain(r#type.span()));
    }
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return Err(explain(r#type.span()));
    };
    let mut types = arguments.args.iter().map(|argument| match argument {
        GenericArgument::Type(r#type) => Some(r#type),
        _ => None,
    });
    match types.next().flatten() {
        Some(value) => Ok(Output {
            value,
            error: types.next().flatten(),
        }),
        None => Err(explain(r#type.span())),
    }
}

/// A call, with the span of `type`, of one of the SDK's functions that check a type's traits.
pub(crate) fn check(check: &str, r#type: &Type) -> TokenStream {
    let check = Ident::new(check, r#type.span());
    quote_spanned! {r#type.span()=> ::lambdura::__private::#check::<#r#type>() }
}

/// Whether the type's last path segment is `name`; the type behind an alias or macro is not visible, and counts as no.
pub(crate) fn is_named(r#type: &Type, name: &str) -> bool {
    match r#type {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|segment| segment.ident == name),
        _ => false,
    }
}
