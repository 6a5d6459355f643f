/** What can be done with one document. */
import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconDownload, IconForms, IconTextCaption } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { apiUrl } from "@/shared/api/client";
import type { DocumentAction, KnowledgeDocument } from "@/shared/api/knowledgeTypes";
import { saveFrom } from "@/shared/ui/saveFile";
import { ACTION_ICONS } from "./actionIcons";
import { actionsFor } from "./documentModel";

interface DocumentMenuProps {
  datasetId: string;
  document: KnowledgeDocument;
  mayEdit: boolean;
  onShow: (view: string | null) => void;
  onAct: (action: DocumentAction) => void;
}

export function DocumentMenu({ datasetId, document, mayEdit, onShow, onAct }: DocumentMenuProps) {
  const { t } = useTranslation();
  const file = apiUrl(`/datasets/${datasetId}/documents/${document.id}/file`);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={t("knowledge.actionsOf", { name: document.name })}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconTextCaption size={16} />} onClick={() => onShow(null)}>
          {t("knowledge.showChunks")}
        </Menu.Item>
        <Menu.Item leftSection={<IconForms size={16} />} onClick={() => onShow("details")}>
          {t("knowledge.details")}
        </Menu.Item>
        <Menu.Item leftSection={<IconDownload size={16} />} onClick={() => void saveFrom(file, document.name)}>
          {t("knowledge.download")}
        </Menu.Item>
        {mayEdit && <Menu.Divider />}
        {mayEdit &&
          actionsFor([document]).map(({ action }) => {
            const Glyph = ACTION_ICONS[action];
            return (
              <Menu.Item key={action} leftSection={<Glyph size={16} />} color={action === "delete" ? "red" : undefined} onClick={() => onAct(action)}>
                {t(`knowledge.actions.${action}`)}
              </Menu.Item>
            );
          })}
      </Menu.Dropdown>
    </Menu>
  );
}
