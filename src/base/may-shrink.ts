/** Why no array can show a mapping whose file may end before the mapping does: the same on every kernel. */
export const MAY_SHRINK: string =
  'the file may end before the mapping does, and an access beyond its end would end the process (SIGBUS): ' +
  "seal a memfd before it is mapped (`Memfd.create(kernel, name, size, { seals: ['shrink'] })`) and map no " +
  'more than it has, or use set, fill, copy and view, which work on any memory'
