/** Whether `value` has a `then` method, from whichever library it comes. */
export function isPromise<T>(value: PromiseLike<T> | T): value is PromiseLike<T> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
