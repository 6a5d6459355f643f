/** The face of a page: its picture, or its sign on its ground, or the first letter of its name. */
import type { SiteLook } from "./types";
import { inkOn } from "./palette";

type Face = Pick<SiteLook, "name" | "icon" | "icon_color" | "picture">;

export function SiteIcon({ look, size = 36 }: { look: Face; size?: number }) {
  const shape = { width: size, height: size, borderRadius: Math.round(size * 0.28), flex: "none" } as const;
  if (look.picture) return <img src={look.picture} alt="" width={size} height={size} style={{ ...shape, objectFit: "cover" }} />;
  return (
    <span
      aria-hidden
      style={{
        ...shape,
        display: "grid",
        placeItems: "center",
        fontSize: size * 0.54,
        fontWeight: 600,
        lineHeight: 1,
        color: inkOn(look.icon_color),
        background: look.icon_color,
      }}
    >
      {look.icon || look.name.trim().charAt(0).toUpperCase() || "·"}
    </span>
  );
}
