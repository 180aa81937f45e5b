/** Progress of an exploration on stderr: a spinner in a terminal, nothing in a pipe. */
import { createSpinner } from 'nanospinner'

export interface OrdersProgress {
  /** So many orders were tried. */
  ran(orders: number): void
  stop(): void
}

/** Milliseconds before anything is shown. */
const DELAY = 500

export function showOrders(): OrdersProgress {
  if (process.stderr.isTTY !== true || !(process.stderr.columns > 0)) {
    return { ran: () => {}, stop: () => {} }
  }
  const spinner = createSpinner('', { stream: process.stderr })
  const timer = setTimeout(() => spinner.start({ text: 'exploring' }), DELAY)
  return {
    ran: (orders) => {
      if (spinner.isSpinning()) spinner.update({ text: `exploring: ${orders} orders tried` })
    },
    stop: () => {
      clearTimeout(timer)
      if (spinner.isSpinning()) spinner.stop()
    },
  }
}
