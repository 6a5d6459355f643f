/** The end of a form: leave it, or send it. */
import { Button, Group } from "@mantine/core";
import { useTranslation } from "react-i18next";

interface FormButtonsProps {
  onClose: () => void;
  busy: boolean;
  disabled?: boolean;
  /** What sending does; saves, unless it says otherwise. */
  label?: string;
}

export function FormButtons({ onClose, busy, disabled, label }: FormButtonsProps) {
  const { t } = useTranslation();
  return (
    <Group justify="flex-end">
      <Button variant="default" onClick={onClose}>
        {t("common.cancel")}
      </Button>
      <Button type="submit" loading={busy} disabled={disabled}>
        {label ?? t("common.save")}
      </Button>
    </Group>
  );
}
