import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const src = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

export default defineConfig({
  // Node 20 cannot parse `using`: lower it, in tests as in src.
  oxc: { target: 'es2022' },
  resolve: {
    alias: [
      { find: /^dmabuf$/, replacement: src('index.ts') },
      { find: /^dmabuf\/sim$/, replacement: src('run/index.ts') },
      { find: /^dmabuf\/test$/, replacement: src('run/test/index.ts') },
      { find: /^dmabuf\/abi$/, replacement: src('abi.ts') },
      { find: /^dmabuf\/check$/, replacement: src('check/index.ts') },
      { find: /^dmabuf\/driver$/, replacement: src('driver/index.ts') },
      { find: /^dmabuf\/linux$/, replacement: src('linux/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    // Property tests and whole runs take seconds, and more on a loaded machine.
    testTimeout: 60_000,
    // Modules have no state that outlives a kernel: files can share them, which saves loading them again.
    isolate: false,
  },
})
