/** Something that was looked at, or why it could not be: `you may not list nodes`. */
export type Look<T> = { readonly seen: T } | { readonly unseen: string }
