/** A question that this run's board and the judged board may answer differently. */
export interface PerBoard<T> {
  readonly actual: T
  readonly judged: T
}
