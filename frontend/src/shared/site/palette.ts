/** From the one colour of a page to a whole scale that can be read on light and on dark. Pure functions. */
import type { MantineColorsTuple } from "@mantine/core";

type Rgb = [number, number, number];

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];
/** How much white (above the chosen one) or black (below it) each shade has; the chosen one is the seventh. */
const MIX = [0.91, 0.8, 0.62, 0.45, 0.3, 0.18, 0.08, 0, -0.2, -0.38];
const ON_DARK: Rgb = [20, 23, 29];
const AA = 4.5;

export function rgbOf(hex: string): Rgb {
  const value = /^#[0-9a-f]{6}$/i.test(hex) ? Number.parseInt(hex.slice(1), 16) : 0x0b6b63;
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

const hexOf = (rgb: Rgb): string => `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;

function mixed(color: Rgb, other: Rgb, share: number): Rgb {
  return color.map((part, index) => part + ((other[index] ?? 0) - part) * share) as Rgb;
}

function luminance(rgb: Rgb): number {
  const [r = 0, g = 0, b = 0] = rgb.map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(rgbOf(one)), luminance(rgbOf(other))].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** The scale that Mantine takes, with the chosen colour as its main shade. */
export function shadesOf(hex: string): MantineColorsTuple {
  const color = rgbOf(hex);
  return MIX.map((share) => hexOf(share >= 0 ? mixed(color, WHITE, share) : mixed(color, BLACK, -share))) as unknown as MantineColorsTuple;
}

/** The colour, or as little lighter or darker as it takes to be read on the surface of a scheme. */
export function readable(hex: string, scheme: "light" | "dark"): string {
  const [surface, towards] = scheme === "light" ? [hexOf(WHITE), BLACK] : [hexOf(ON_DARK), WHITE];
  for (let share = 0; share < 1; share += 0.05) {
    const found = hexOf(mixed(rgbOf(hex), towards, share));
    if (contrast(found, surface) >= AA) return found;
  }
  return hexOf(towards);
}

/** A quiet ground of the colour, for questions and marks. */
export function washOf(hex: string, scheme: "light" | "dark"): string {
  return scheme === "light" ? hexOf(mixed(rgbOf(hex), WHITE, 0.9)) : hexOf(mixed(rgbOf(hex), ON_DARK, 0.82));
}

/** White or a near black, whichever is read better on the colour. */
export function inkOn(hex: string): string {
  const ink = "#14171d";
  return contrast(hex, "#ffffff") >= contrast(hex, ink) ? "#ffffff" : ink;
}
