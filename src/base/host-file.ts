/** The modules of Node (also before v16), those of Deno, and Bun's single name for its code. */
const HOST = /^(?:node:|internal\/|ext:|native$)/

/** Whether `file`, the file of a stack's frame without its position, is the JavaScript host's. */
export function isHostFile(file: string): boolean {
  return HOST.test(file)
}
