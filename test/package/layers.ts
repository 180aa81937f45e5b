/** The rooms that each room of `src/` may import, bottom first. A room may always import itself. */
export const LAYERS: Record<string, readonly string[]> = {
  base: [],
  abi: ['base'],
  events: [],
  media: [],
  machine: ['events', 'base', 'abi'],
  boards: ['machine'],
  'kernel/dma': ['events', 'base', 'abi', 'machine'],
  'kernel/fence': ['events', 'base', 'abi', 'machine'],
  'kernel/dmabuf': ['events', 'base', 'abi', 'machine', 'kernel/dma', 'kernel/fence'],
  syscalls: ['base', 'abi'],
  'kernel/shmem': ['events', 'base', 'abi', 'machine', 'kernel/dma', 'kernel/dmabuf'],
  'kernel/drm': ['events', 'base', 'abi', 'syscalls', 'machine', 'kernel/dma', 'kernel/dmabuf'],
  'kernel/process': ['base', 'abi', 'syscalls', 'machine', 'kernel/dmabuf', 'kernel/shmem'],
  driver: ['events', 'base', 'abi', 'syscalls', 'machine', 'kernel'],
  drivers: ['events', 'base', 'abi', 'syscalls', 'machine', 'kernel', 'driver', 'media'],
  mechanisms: ['driver'],
  tap: ['events', 'base', 'abi', 'syscalls'],
  user: ['base', 'abi', 'syscalls'],
  sim: [
    ...['events', 'base', 'abi', 'syscalls', 'machine', 'boards', 'kernel', 'driver', 'drivers'],
    ...['media', 'tap', 'mechanisms'],
  ],
  check: ['events', 'base', 'abi'],
  run: ['events', 'base', 'abi', 'syscalls', 'boards', 'tap', 'check', 'sim', 'user'],
  linux: ['events', 'base', 'abi', 'syscalls', 'tap'],
  '': ['base', 'abi', 'syscalls', 'user', 'sim', 'run', 'check', 'events'],
  cli: ['*'],
}

/** Rooms that run on Node alone: they import packages and `node:` modules. */
export const ON_NODE: readonly string[] = ['linux', 'cli']

/** The room of a file below `src/`: its folder, and within `kernel/` the folder below that. */
export function roomOf(path: string): string {
  const folders = path.split('/').slice(0, -1)
  return folders.slice(0, folders[0] === 'kernel' ? 2 : 1).join('/')
}

/** Why a file of `src/` may not import a module; undefined if it may. `path` is relative to `src/`. */
export function refusal(path: string, specifier: string): string | undefined {
  const room = roomOf(path)
  if (!specifier.startsWith('.')) {
    return ON_NODE.includes(room)
      ? undefined
      : `${room}/ runs anywhere: no package, no node: module`
  }
  const target = new URL(specifier, `src:///${path}`).pathname.slice(1)
  const other = roomOf(target)
  const below = LAYERS[room] ?? []
  if (other === room || below.includes('*')) return undefined
  if (below.some((name) => other === name || other.startsWith(`${name}/`))) return undefined
  return `${room}/ may not import ${other || 'src/'}`
}

/** The modules that a source names, in every form of import; type imports count. */
export function importsOf(source: string): string[] {
  const named = /^(?:import|export)\b[^'"`;]*?\bfrom\s+['"]([^'"]+)['"]/gm
  const bare = /^import\s+['"]([^'"]+)['"]/gm
  const called = /\b(?:import|require)\(\s*['"]([^'"]+)['"]/g
  return [named, bare, called].flatMap((form) => [...source.matchAll(form)].map((m) => m[1] ?? ''))
}
