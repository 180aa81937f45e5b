import type { NewEvent } from '../../events/event.ts'

/** Where the events go; the origin in force is theirs. */
export type Tell = (event: NewEvent) => void
