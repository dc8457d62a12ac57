//! The macro behind every parameter struct: required fields first, then optional ones that stay off the wire when
//! absent. Unknown keys are refused, because operators post these structs as JSON.

/// Declares a parameter struct: `Name { required: T, } optional { field: T, }`; optional fields become `Option<T>`.
macro_rules! parameters {
    (
        $(#[$meta:meta])*
        $name:ident {
            $($(#[$required_meta:meta])* $required:ident: $required_type:ty,)*
        }
        optional {
            $($(#[$optional_meta:meta])* $optional:ident: $optional_type:ty,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[$required_meta])*
                pub $required: $required_type,
            )*
            $(
                $(#[$optional_meta])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $optional: Option<$optional_type>,
            )*
        }

        impl $name {
            /// The required parameters; everything else is left to the carrier.
            pub fn new($($required: impl Into<$required_type>),*) -> Self {
                Self {
                    $($required: $required.into(),)*
                    $($optional: None,)*
                }
            }
        }
    };
}

/// Declares a closed set of words as they go over the wire.
macro_rules! words {
    (
        $(#[$meta:meta])*
        $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $(
                $(#[$variant_meta])*
                #[serde(rename = $word)]
                $variant,
            )*
        }
    };
}
