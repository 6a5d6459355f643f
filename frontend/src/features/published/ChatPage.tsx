/** A conversation with the app: earlier ones at the side, what is asked now at the end. */
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Json } from "@/shared/api/types";
import type { FileShown } from "./api";
import { Composer } from "./Composer";
import { missingInputs, sentInputs } from "./form/inputs";
import { Frame } from "./Frame";
import { useVisit } from "./SiteContext";
import { Talks } from "./Talks";
import { Thread } from "./Thread";
import { useTalk } from "./useTalk";

export function ChatPage() {
  const { t } = useTranslation();
  const { offer } = useVisit();
  const talk = useTalk();
  const [question, setQuestion] = useState("");
  const [files, setFiles] = useState<FileShown[]>([]);
  const [filled, setFilled] = useState<Record<string, Json>>({});
  const missing = talk.id === null ? missingInputs(offer.variables, filled) : [];

  const { ask, live } = talk;
  const send = useCallback(
    (text: string, sent: FileShown[]) => {
      if (live || text.trim() === "" || missing.length > 0) return;
      setQuestion("");
      setFiles([]);
      void ask(text.trim(), sentInputs(offer.variables, filled), sent);
    },
    [ask, live, missing.length, offer.variables, filled],
  );

  return (
    <Frame
      onNew={() => {
        setFilled({});
        talk.open(null);
      }}
      newLabel={t("published.newConversation")}
      side={(done) => (
        <Talks
          current={talk.id}
          onOpen={(id) => {
            talk.open(id);
            done();
          }}
        />
      )}
      sideTitle={t("published.conversations")}
    >
      <Thread talk={talk} filled={filled} onFill={setFilled} onAsk={(text, again) => send(text, again ?? [])} />
      <Composer
        value={question}
        onChange={setQuestion}
        files={files}
        onFiles={setFiles}
        onSend={() => send(question, files)}
        onStop={talk.stop}
        live={live}
        missing={missing}
      />
    </Frame>
  );
}
