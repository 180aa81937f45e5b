/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Two names that a JavaScript host or a TypeScript configuration may lack; every entry of the package
 * imports this file first.
 *
 * `Symbol.dispose` and `Symbol.asyncDispose` are missing in browsers before `using`: they are added as
 * the well-known symbols that compilers of `using` fall back to, before a class has a method of the name.
 */
declare global {
  /** Declared here for programs without DOM and Node types, and merged with those where they are. */
  interface AbortSignal {
    readonly aborted: boolean
  }
}

for (const name of ['dispose', 'asyncDispose'] as const) {
  if (name in Symbol || !Object.isExtensible(Symbol)) continue
  // As the language defines well-known symbols: neither writable nor enumerable nor configurable.
  Object.defineProperty(Symbol, name, { value: Symbol.for(`Symbol.${name}`) })
}

export {}
