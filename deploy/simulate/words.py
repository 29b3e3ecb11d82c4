"""What partners write into the free text of their messages, in the language of the agency."""

from __future__ import annotations

from random import Random
from typing import Final

_NOTES: Final = {
    "fr": {
        "repair": (
            "Véhicule en cabine de peinture ce matin.",
            "Pièces contrôlées à la réception, rien ne manque.",
            "Le client est prévenu du nouveau délai.",
            "Photos prises avant remontage.",
            "Essai routier prévu en fin de journée.",
        ),
        "claim": (
            "Gestionnaire du dossier absent jusqu'à lundi.",
            "Convention IRSA appliquée.",
            "Le recours contre l'assureur adverse est engagé.",
            "Facture du garage reçue et vérifiée.",
        ),
        "appraisal": (
            "Visite faite en présence du garage.",
            "Dommages conformes à la déclaration.",
            "Second passage nécessaire après démontage.",
        ),
        "contract": ("Avis d'échéance envoyé.", "Prélèvement présenté à la banque.", "Coordonnées à jour."),
    },
    "he": {
        "repair": (
            "הרכב נכנס לתא הצביעה הבוקר.",
            "כל החלקים נבדקו בקבלה, דבר לא חסר.",
            "הלקוח עודכן במועד החדש.",
            "צולמו תמונות לפני ההרכבה.",
            "נסיעת מבחן מתוכננת לסוף היום.",
        ),
        "claim": (
            "מטפל התיק ישוב ביום ראשון.",
            "נשלחה דרישה לחברת הביטוח של צד ג׳.",
            "חשבונית המוסך התקבלה ונבדקה.",
            "התיק הועבר לאישור סופי.",
        ),
        "appraisal": (
            "הביקור נערך בנוכחות המוסך.",
            "הנזק תואם את הודעת המבוטח.",
            "נדרש ביקור נוסף לאחר הפירוק.",
        ),
        "contract": ("נשלחה הודעת חידוש.", "החיוב הועבר לבנק.", "פרטי הקשר מעודכנים."),
    },
}


def note(random: Random, language: str, kind: str) -> str:
    """Give a sentence that a partner of this kind (repair, claim, appraisal, contract) may write."""
    return random.choice(_NOTES.get(language, _NOTES["fr"])[kind])
