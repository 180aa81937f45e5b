declare const ownership: unique symbol

/** A descriptor that its holder must close, once: `release` returns one. */
export type OwnedFd = number & { readonly [ownership]: 'owned' }

/** A descriptor that belongs to an object, valid as long as that is open: not to be closed or kept. */
export type BorrowedFd = number & { readonly [ownership]: 'borrowed' }

/**
 * A descriptor that an object may take over: an owned one, or a bare number from elsewhere (a library,
 * another process), of which only the caller knows. A borrowed one is a compile error; borrow it again.
 */
export type AdoptableFd = number & { readonly [ownership]?: 'owned' }

/** A descriptor that a call uses and leaves with its owner. */
export type AnyFd = number | OwnedFd | BorrowedFd
