//! `#[durable_step]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Ident, ItemFn, LitStr, MetaNameValue, Pat, Result};

use crate::signature::{check, is_named, output, parameters};

const ATTRIBUTE: &str = "durable_step";

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let function: ItemFn = syn::parse2(item)?;
    let name = operation_name(arguments, &function)?;
    let parameters = parameters(&function, ATTRIBUTE)?;
    let Some((context, rest)) = parameters.split_first() else {
        return Err(Error::new(
            function.sig.ident.span(),
            "the first argument of a durable step is its `StepContext`",
        ));
    };
    if !is_named(&context.ty, "StepContext") {
        return Err(Error::new(
            context.ty.span(),
            "the first argument of a durable step is its `StepContext`, by value",
        ));
    }
    let output = output(&function, ATTRIBUTE)?;

    let ItemFn {
        attrs,
        vis,
        sig,
        block,
    } = &function;
    let ident = &sig.ident;
    let (_, _, where_clause) = sig.generics.split_for_impl();
    let generics = &sig.generics;
    let names: Vec<Ident> = rest
        .iter()
        .enumerate()
        .map(|(index, parameter)| match parameter.pat.as_ref() {
            Pat::Ident(pattern) => pattern.ident.clone(),
            _ => format_ident!("argument_{index}"),
        })
        .collect();
    let types: Vec<_> = rest.iter().map(|parameter| &parameter.ty).collect();
    // Checked here as well as by the step that is returned, so that errors point at the type that causes them.
    let mut checks: Vec<_> = types
        .iter()
        .map(|r#type| check("is_clone", r#type))
        .collect();
    checks.push(check("is_serializable", output.value));
    checks.push(check("is_deserializable", output.value));
    checks.extend(output.error.map(|error| check("is_error", error)));
    let value = output.value;
    let step = quote_spanned! {value.span()=> impl ::lambdura::DurableStep<Output = #value> };
    let inner = format_ident!("{ident}_attempt");
    let mut inner_signature = sig.clone();
    inner_signature.ident = inner.clone();
    Ok(quote! {
        #(#attrs)*
        #vis fn #ident #generics (
            #(#names: #types),*
        ) -> #step #where_clause {
            #inner_signature #block

            #(#checks;)*

            ::lambdura::NamedStep::new(#name, move |context: ::lambdura::StepContext| {
                #inner(context, #(::core::clone::Clone::clone(&#names)),*)
            })
        }
    })
}

/// The function's name, or the value of `name = "…"`.
fn operation_name(arguments: TokenStream, function: &ItemFn) -> Result<String> {
    if arguments.is_empty() {
        return Ok(function.sig.ident.to_string());
    }
    let span = arguments.span();
    let explain = || Error::new(span, "#[durable_step] takes nothing, or `name = \"…\"`");
    let argument: MetaNameValue = syn::parse2(arguments).map_err(|_| explain())?;
    if !argument.path.is_ident("name") {
        return Err(explain());
    }
    let value = argument.value;
    let name: LitStr = syn::parse2(quote!(#value)).map_err(|_| explain())?;
    Ok(name.value())
}
