/** How long something glides, in ms: not at all where the system asks for less motion. */
export const glide = (ms: number): number => (window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : ms);
