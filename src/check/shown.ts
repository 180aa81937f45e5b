/**
 * The events that a checker gets. `everything`: those of the simulated kernel, devices and caches included.
 * `calls`: those of the program's calls alone, as on a real kernel.
 */
export type Shown = 'everything' | 'calls'
