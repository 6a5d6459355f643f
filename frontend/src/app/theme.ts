/** The look in one place: deep teal, greys with a trace of blue, hairlines, radius 8, 14 px. */
import { createTheme, type MantineColorsTuple } from "@mantine/core";

const teal: MantineColorsTuple = [
  "#eaf6f4", "#d0ebe7", "#9fd7cf", "#6bc1b6", "#41ac9f", "#1f978a", "#0f8276", "#0b6b63", "#085750", "#05403b",
];
const gray: MantineColorsTuple = [
  "#f8f9fb", "#f1f3f6", "#e5e8ee", "#d6dbe3", "#bcc3cf", "#8f98a9", "#5f697b", "#495264", "#333b4a", "#1b212d",
];
const dark: MantineColorsTuple = [
  "#d8dce4", "#b3bac6", "#949dad", "#5b6474", "#39414f", "#2a303b", "#20252e", "#14171d", "#0f1217", "#0a0c10",
];

export const theme = createTheme({
  primaryColor: "accent",
  primaryShade: { light: 7, dark: 6 },
  colors: { accent: teal, gray, dark },
  black: "#1b212d",
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "'JetBrains Mono Variable', ui-monospace, monospace",
  fontSizes: { xs: "12px", sm: "14px", md: "14px", lg: "16px", xl: "20px" },
  lineHeights: { xs: "1.4", sm: "1.5", md: "1.55", lg: "1.5", xl: "1.4" },
  spacing: { xs: "8px", sm: "12px", md: "16px", lg: "24px", xl: "32px" },
  radius: { xs: "4px", sm: "6px", md: "8px", lg: "12px", xl: "16px" },
  defaultRadius: "md",
  shadows: { xs: "none", sm: "none", md: "0 8px 24px rgb(15 20 30 / 12%)", lg: "0 12px 32px rgb(15 20 30 / 16%)" },
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "22px", lineHeight: "1.3" },
      h2: { fontSize: "16px", lineHeight: "1.4" },
      h3: { fontSize: "14px", lineHeight: "1.5" },
    },
  },
  respectReducedMotion: true,
  cursorType: "pointer",
  components: {
    Button: { defaultProps: { size: "sm" }, styles: { root: { fontWeight: 500 } } },
    Modal: {
      defaultProps: { centered: true, transitionProps: { duration: 120, transition: "fade" }, overlayProps: { opacity: 0.35 } },
      styles: { title: { fontWeight: 600, fontSize: "16px" } },
    },
    Drawer: {
      defaultProps: { position: "right", transitionProps: { duration: 140 }, overlayProps: { opacity: 0.2 } },
      styles: { title: { fontWeight: 600, fontSize: "16px" } },
    },
    InputWrapper: { styles: { label: { marginBottom: 4 }, description: { marginBottom: 4 } } },
    ActionIcon: { defaultProps: { color: "gray" } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: false, transitionProps: { duration: 100 } } },
    Menu: { defaultProps: { shadow: "md", transitionProps: { duration: 100 } } },
    Paper: { defaultProps: { withBorder: true }, styles: { root: { borderColor: "var(--hairline)" } } },
    Card: { defaultProps: { withBorder: true }, styles: { root: { borderColor: "var(--hairline)" } } },
    Collapse: { defaultProps: { transitionDuration: 120 } },
    Badge: { defaultProps: { variant: "light", radius: "sm" }, styles: { root: { textTransform: "none", fontWeight: 500 } } },
    Table: { defaultProps: { verticalSpacing: 10, horizontalSpacing: "md", highlightOnHover: true } },
    // Whoever has no mouse scrolls a wide table with the arrow keys.
    TableScrollContainer: { defaultProps: { scrollAreaProps: { viewportProps: { tabIndex: 0 } } } },
    Skeleton: { defaultProps: { radius: "md" } },
  },
});
