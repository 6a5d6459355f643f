/** Short news in the corner: what was done, or what failed and what to do. */
import { notifications } from "@mantine/notifications";
import i18next from "i18next";
import { errorText } from "./errorText";

export function notifyDone(message: string): void {
  notifications.show({ message, color: "accent", autoClose: 3_000, withBorder: true });
}

export function notifyError(reason: unknown): void {
  const { title, detail } = errorText(i18next.t, reason);
  notifications.show({ title, message: detail, color: "red", autoClose: 8_000, withBorder: true, role: "alert" });
}
