/** A digit's width in dots. */
export const digitWidth: number = 3
/** A digit's height in dots. */
export const digitHeight: number = 5

/** Five rows of three bits for each digit, the leftmost dot in the highest bit. */
const rows: readonly (readonly number[])[] = [
  [7, 5, 5, 5, 7],
  [2, 6, 2, 2, 7],
  [7, 1, 7, 4, 7],
  [7, 1, 7, 1, 7],
  [5, 5, 7, 1, 1],
  [7, 4, 7, 1, 7],
  [7, 4, 7, 5, 7],
  [7, 1, 1, 1, 1],
  [7, 5, 7, 5, 7],
  [7, 5, 7, 1, 7],
]

/** Whether dot (`x`, `y`), from the top left, of the picture of `digit` (0..9) is lit; false outside. */
export function digitDot(digit: number, x: number, y: number): boolean {
  const row = rows[digit]?.[y] ?? 0
  return x >= 0 && x < digitWidth && (row & (4 >> x)) !== 0
}
