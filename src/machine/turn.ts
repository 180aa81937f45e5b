/**
 * The host's next turn: after all microtasks have drained.
 *
 * `setImmediate` where there is one (2 to 3 microseconds), else a message channel as in browsers.
 * A timer would be clamped to milliseconds.
 */
type Run = () => void

let channel: MessageChannel | undefined
const queue: Run[] = []

export function nextTurn(run: Run): void {
  if (typeof setImmediate === 'function') {
    setImmediate(run)
    return
  }
  channel ??= openChannel()
  queue.push(run)
  channel.port2.postMessage(0)
}

function openChannel(): MessageChannel {
  const opened = new MessageChannel()
  opened.port1.onmessage = () => queue.shift()?.()
  return opened
}
