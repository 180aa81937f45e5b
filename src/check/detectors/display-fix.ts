/** The way out for a program that draws into the picture on screen. */
export const DRAW_ELSEWHERE =
  'Draw into another buffer, flip to it, and draw into this one only after the event of that flip (`readEvent`).'
