/** The plus behind a way out: offers the nodes that fit there. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useEditable } from "../store/BuilderContext";
import classes from "./canvas.module.css";
import { useOffer } from "./OfferContext";

export function AddAfter({ nodeId, handleId, top }: { nodeId: string; handleId: string; top?: number }) {
  const { t } = useTranslation();
  const offer = useOffer();
  const editable = useEditable();
  if (!editable) return null;
  return (
    <span className={`${classes.addAfter} nodrag nopan`} style={top === undefined ? undefined : { top }}>
      <Tooltip label={t("workflow.addAfter")}>
        <ActionIcon
          size={20}
          radius="xl"
          variant="filled"
          color="accent"
          tabIndex={-1}
          aria-label={t("workflow.addAfter")}
          onClick={(event) => {
            event.stopPropagation();
            const { right, top: y } = event.currentTarget.getBoundingClientRect();
            offer({ from: { nodeId, handleId }, at: { x: right + 6, y } });
          }}
        >
          <IconPlus size={13} />
        </ActionIcon>
      </Tooltip>
    </span>
  );
}
