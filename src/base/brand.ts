/**
 * Owns the branding of strings, so that one kind of id cannot stand where another is meant.
 * Brands exist for the compiler alone; parsing at the border puts them on.
 */

declare const brand: unique symbol;

/** A `Base` that is known to be a `Name`. */
export type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };
