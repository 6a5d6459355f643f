/** Says to whoever cannot change the models of this machine who can. */
import { Alert } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useMachine } from "@/shared/api/workspace";
import { useInventory } from "./localModels";

export function MachineHint() {
  const { t } = useTranslation();
  const isMachineAdmin = useMachine();
  const inventory = useInventory();
  if (isMachineAdmin || !inventory.data) return null;
  const names = inventory.data.machine_admins.join(", ");
  return (
    <Alert mb="lg" color="gray" variant="light" icon={<IconLock size={16} />}>
      {names ? t("models.machine.ask", { names }) : t("models.machine.askHost")}
    </Alert>
  );
}
